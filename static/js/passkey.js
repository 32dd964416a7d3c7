// Signing with a passkey: the browser asks for a finger or a face, the form carries the answer.
const form = document.querySelector("[data-passkey-form]");

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function sign() {
  const status = form.querySelector("[data-passkey-status]");
  const allowCredentials = form.dataset.credentials
    .split(" ")
    .filter(Boolean)
    .map((id) => ({ type: "public-key", id: bytes(id) }));
  try {
    const found = await navigator.credentials.get({
      publicKey: { challenge: bytes(form.dataset.challenge), allowCredentials, userVerification: "required", timeout: 120000 },
    });
    form.elements.passkey.value = JSON.stringify({
      id: found.id,
      rawId: text(found.rawId),
      type: found.type,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(found.response.clientDataJSON),
        authenticatorData: text(found.response.authenticatorData),
        signature: text(found.response.signature),
        userHandle: found.response.userHandle ? text(found.response.userHandle) : null,
      },
    });
    form.requestSubmit();
  } catch {
    status.textContent = document.documentElement.lang === "en" ? "Nothing was signed. Please try again." : "沒有簽成，請再按一次。";
  }
}

form?.querySelector("[data-passkey-sign]").addEventListener("click", sign);
