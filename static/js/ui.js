// Small behaviours; every page reads and works without them.
import "./theme.js";
import "./dialog.js";
import "./menu.js";
import "./toast.js";
import "./once.js";
import "./copy.js";
import "./rocdate.js";
import "./drop.js";
import "./errors.js";
import "./scroll.js";
