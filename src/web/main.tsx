/** Begins the page: its styles, then the shell. */
import "./design/tokens.css";
import "./design/base.css";
import "./design/parts.css";
import "./design/shell.css";
import { render } from "preact";
import { App } from "./shell/app.tsx";

const place = document.getElementById("page");
if (place) {
  place.replaceChildren();
  render(<App />, place);
}
