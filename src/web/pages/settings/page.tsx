/** The page "Settings": how this browser shows the page, what it keeps, and what the page is made of. */
import { useState } from "preact/hooks";
import { Card } from "../../parts/card.tsx";
import { Choice } from "../../parts/choice.tsx";
import { Note } from "../../parts/note.tsx";
import { changeSettings, type Settings, useSettings } from "../../shell/settings.ts";
import { ChainTrustView } from "../../verify/chain-trust-view.tsx";
import { AboutCard } from "./about-card.tsx";
import "../../verify/verify.css";
import "./settings.css";
import { StorageCard } from "./storage-card.tsx";

const names: { readonly [Name in keyof Settings]: Readonly<Record<Settings[Name], string>> } = {
  theme: { auto: "As the system", light: "Light", dark: "Dark" },
  times: { relative: "3 min ago", absolute: "Date and time" },
  zone: { local: "Of this device", utc: "UTC" },
  strip: { "newest-left": "Left", "newest-right": "Right" },
  motion: { auto: "As the system", none: "None" },
};

export default function SettingsPage() {
  const settings = useSettings();
  const [isKept, setKept] = useState(true);
  function choices<Name extends keyof Settings>(name: Name) {
    const titles: Readonly<Record<string, string>> = names[name];
    return {
      choices: Object.entries(titles).map(([choice, title]) => ({ name: choice, title })),
      current: settings[name] as string,
      onChange: (choice: string) => setKept(changeSettings({ [name]: choice })),
    };
  }
  return (
    <div class="stack">
      <h1>Settings</h1>
      {!isKept && (
        <Note kind="warn" title="This browser keeps nothing for this page">
          The settings hold until the page is closed. A private window, or a rule of the browser, may be the
          reason.
        </Note>
      )}
      <Card title="How the page looks" lead="For this browser, in all its tabs.">
        <div class="settings-choices">
          <Choice label="Theme" {...choices("theme")} />
          <Choice
            label="Motion"
            hint="Something moves only if something has happened."
            {...choices("motion")}
          />
          <Choice label="Times" hint="The other one is shown on hover." {...choices("times")} />
          <Choice label="Time zone" {...choices("zone")} />
          <Choice label="The newest block of the strip is at the" {...choices("strip")} />
        </div>
      </Card>
      <Card title="The chain that you trust at this address" lead="Everything is verified from its id.">
        <ChainTrustView />
      </Card>
      <StorageCard />
      <AboutCard />
    </div>
  );
}
