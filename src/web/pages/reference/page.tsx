/** The page "API": every route of the node, rendered from its own OpenAPI document, with forms to try them. */
import "./reference.css";
import { useState } from "preact/hooks";
import { getOpenApi } from "../../../api/documentation.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Field } from "../../parts/field.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import type { PageProps } from "../../shell/pages.ts";
import { CodedText } from "./coded-text.tsx";
import { type OpenApi, routesOf } from "./open-api.ts";
import { OperationView } from "./operation.tsx";

export default function ReferencePage({ query }: PageProps) {
  const { baseUrl } = useNode();
  const document = useAnswer(
    async ({ api }, signal) => (await api.call(getOpenApi, {}, { signal })) as unknown as OpenApi,
    [],
  );
  return (
    <div class="stack">
      <h1>API</h1>
      <p>
        Everything on these pages comes from the node's API, and a program can do the same. The whole contract
        is <a href={`${baseUrl}openapi.json`}>openapi.json</a>. JavaScript programs take{" "}
        <code>aurex/client</code> from the package.
      </p>
      <Loaded of={document}>{(api) => <Reference api={api} named={query.get("route")} />}</Loaded>
    </div>
  );
}

function Reference({ api, named }: { api: OpenApi; named: string | null }) {
  const [wanted, setWanted] = useState("");
  const [token, setToken] = useState("");
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const chapters = api.tags
    .map(({ name, description }) => ({
      name,
      description,
      routes: routesOf(api, name).filter(({ path, method, operation: { summary, operationId } }) => {
        const text = `${method} ${path} ${summary} ${operationId}`.toLowerCase();
        return words.every((word) => text.includes(word));
      }),
    }))
    .filter(({ routes }) => routes.length > 0);
  return (
    <>
      <Card title="Rules for every route">
        <ul class="reference-rules">
          {api.info.description.split("\n").map((rule) => (
            <li key={rule}>
              <CodedText text={rule} />
            </li>
          ))}
        </ul>
      </Card>
      <div class="reference-tools">
        <Field label="Find a route" hint="A word of its path or of what it does.">
          {(props) => (
            <input
              {...props}
              type="search"
              autocomplete="off"
              spellcheck={false}
              value={wanted}
              onInput={({ currentTarget }) => setWanted(currentTarget.value)}
            />
          )}
        </Field>
        <Field
          label="Token of the node"
          hint="Only for routes that need it, and sent with no other. It is kept nowhere: it is gone when you leave this page."
        >
          {(props) => (
            <input
              {...props}
              type="password"
              autocomplete="off"
              value={token}
              onInput={({ currentTarget }) => setToken(currentTarget.value)}
            />
          )}
        </Field>
      </div>
      {chapters.length === 0 && <EmptyState>No route has these words.</EmptyState>}
      {chapters.map(({ name, description, routes }) => (
        <Card key={name} title={description}>
          <div class="reference-routes">
            {routes.map((route) => (
              <OperationView
                key={route.operation.operationId}
                api={api}
                route={route}
                token={token.trim() === "" ? undefined : token.trim()}
                isNamed={named === route.operation.operationId}
              />
            ))}
          </div>
        </Card>
      ))}
    </>
  );
}
