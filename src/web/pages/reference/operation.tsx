/** One route of the API: what it is for, a form to try it, and what it answers. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { CodedText } from "./coded-text.tsx";
import { type ListedRoute, type OpenApi, schemaText } from "./open-api.ts";
import { TryForm } from "./try-form.tsx";

interface OperationViewProps {
  readonly api: OpenApi;
  readonly route: ListedRoute;
  readonly token: string | undefined;
  /** The address names this route. */
  readonly isNamed: boolean;
}

export function OperationView({ api, route, token, isNamed }: OperationViewProps) {
  const { path, method, operation } = route;
  // What is inside is made when it is opened, so that a page with many routes is there at once.
  const [isOpen, setOpen] = useState(isNamed);
  const details = useRef<HTMLDetailsElement>(null);
  // With the drawing: later it would scroll away what somebody has begun to read.
  useLayoutEffect(() => {
    if (!isNamed) return;
    setOpen(true);
    details.current?.scrollIntoView({ block: "start" });
  }, [isNamed]);
  return (
    <details
      ref={details}
      class="reference-route"
      id={`route-${operation.operationId}`}
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>
        <b class={`reference-method ${method === "GET" ? "get" : "post"}`}>{method}</b>
        <code>{path}</code>
        <span class="reference-soft">
          <CodedText text={operation.summary} />
        </span>
      </summary>
      {isOpen && (
        <div class="stack">
          {operation.description && (
            <p>
              <CodedText text={operation.description} />
            </p>
          )}
          {operation.security && <p class="reference-token">Needs the node's token.</p>}
          <TryForm route={route} token={token} />
          {Object.entries(operation.responses).flatMap(([status, { description, content = {} }]) =>
            Object.entries(content).map(([media, { schema }]) => (
              <details key={`${status} ${media}`} class="reference-answer">
                <summary>
                  {status === "default" ? "Any other status" : status}: {description}, {media}
                </summary>
                <pre>{schemaText(api, schema)}</pre>
              </details>
            )),
          )}
        </div>
      )}
    </details>
  );
}
