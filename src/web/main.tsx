/** Begins the page: its styles, then the shell. */
import "./design/tokens.css";
import "./design/base.css";
import "./design/parts.css";
import "./design/shell.css";
import { render } from "preact";
import { App } from "./shell/app.tsx";
import { followSettings } from "./shell/settings.ts";

followSettings();
const place = document.getElementById("page");
if (place) {
  place.replaceChildren();
  render(<App />, place);
}
