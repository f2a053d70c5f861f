/** Versions, and whose work the page contains. */
import { useEffect, useState } from "preact/hooks";
import { useNode } from "../../live/node-view.ts";
import { Card } from "../../parts/card.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Table } from "../../parts/table.tsx";
import { pageVersion } from "../../shell/page-version.ts";

/** As `bin/build-page.js` writes it. */
interface Package {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly text: string;
}

export function AboutCard() {
  const { status } = useNode();
  const [packages, setPackages] = useState<readonly Package[]>([]);
  useEffect(() => {
    const over = new AbortController();
    fetch("./licences.json", { signal: over.signal })
      .then(async (response) => setPackages(response.ok ? await response.json() : []))
      .catch(() => undefined);
    return () => over.abort();
  }, []);
  return (
    <Card title="About" lead="Everything comes from this node; no other host is asked.">
      <Facts>
        <Fact label="Page" meaning="The version of the files that this tab runs.">
          aurex {pageVersion}
        </Fact>
        <Fact label="Node" meaning="The software of the node that is shown.">
          {status?.software ?? "not known yet"}
        </Fact>
      </Facts>
      <details>
        <summary>What the page is built from, with the licences</summary>
        <Table
          caption="Packages in the page"
          columns={[
            { title: "Package", cell: ({ name, version }: Package) => `${name} ${version}` },
            {
              title: "Licence",
              cell: ({ licence, text }: Package) =>
                text === "" ? (
                  licence
                ) : (
                  <details class="settings-licence">
                    <summary>{licence}</summary>
                    <pre>{text}</pre>
                  </details>
                ),
            },
          ]}
          rows={packages}
          keyOf={({ name }) => name}
          empty="The list did not arrive."
        />
      </details>
    </Card>
  );
}
