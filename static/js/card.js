// Signing with a certificate card: <form data-card-reader="URL" data-challenge="hex" data-ubn="12345675"> with a hidden
// field `cms`, a button [data-card-sign] (hidden without this script) and a place for words [data-card-status] that carries
// its sentences as data-asking, data-failed. The card's PIN is typed at the reader and never comes here.
for (const form of document.querySelectorAll("form[data-card-reader]")) {
  const button = form.querySelector("[data-card-sign]");
  const status = form.querySelector("[data-card-status]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    status.textContent = status.dataset.asking;
    try {
      form.elements.cms.value = await signature(form);
      form.requestSubmit(form.querySelector("[data-card-send]") ?? undefined);
    } catch (error) {
      status.textContent = error.words || status.dataset.failed;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

async function signature(form) {
  const answer = await fetch(form.dataset.cardReader, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    body: JSON.stringify({ challenge: form.dataset.challenge, ubn: form.dataset.ubn }),
  });
  const body = await answer.json();
  if (!answer.ok || !body.cms) throw Object.assign(new Error("card reader"), { words: body.error });
  return body.cms;
}
