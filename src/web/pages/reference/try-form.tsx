/** A form that sends one request: a field for each parameter, the body, and the line for a shell. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useNode } from "../../live/node-view.ts";
import { Button } from "../../parts/button.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { Field } from "../../parts/field.tsx";
import { curlLine, firstBody, firstValues, type ListedRoute, mediaOf, pathWith } from "./open-api.ts";
import { type ShownAnswer, sendRequest } from "./sent-request.ts";

interface TryFormProps {
  readonly route: ListedRoute;
  /** Undefined: nobody has entered one. */
  readonly token: string | undefined;
}

export function TryForm({ route: { path, method, operation }, token }: TryFormProps) {
  const { baseUrl, status } = useNode();
  const [values, setValues] = useState(firstValues(operation));
  const [body, setBody] = useState(firstBody(operation));
  const [output, setOutput] = useState<ShownAnswer>();
  const [isRunning, setRunning] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const { parameters = [] } = operation;
  const needsToken = operation.security !== undefined;
  const url = baseUrl.replace(/\/$/, "") + pathWith(path, operation, values);
  const send = async () => {
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    setRunning(true);
    const show = (answer: ShownAnswer) => {
      if (running.current === stop) setOutput(answer);
    };
    await sendRequest({
      method,
      url,
      body,
      token: needsToken ? token : undefined,
      signal: stop.signal,
      show,
    });
    if (running.current === stop) setRunning(false);
  };
  return (
    <form
      class="reference-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {parameters.map(({ name, required, description, example }) => (
        <Field key={name} label={required ? name : `${name} (optional)`} hint={description}>
          {(props) => (
            <input
              {...props}
              name={name}
              required={required}
              autocomplete="off"
              spellcheck={false}
              placeholder={example}
              value={values[name]}
              onInput={({ currentTarget }) => setValues({ ...values, [name]: currentTarget.value })}
            />
          )}
        </Field>
      ))}
      {body !== undefined && (
        <Field label="Body, JSON">
          {(props) => (
            <textarea
              {...props}
              class="input mono"
              rows={Math.min(12, body.split("\n").length + 1)}
              spellcheck={false}
              value={body}
              onInput={({ currentTarget }) => setBody(currentTarget.value)}
            />
          )}
        </Field>
      )}
      <div class="row">
        <Button kind="main" type="submit">
          Send
        </Button>
        {isRunning && <Button onClick={() => running.current?.abort()}>Stop</Button>}
        {needsToken && token === undefined && (
          <span class="reference-soft">Enter the node's token above first.</span>
        )}
      </div>
      <CommandLine
        command={curlLine({
          method,
          url,
          body,
          tokenFolder: needsToken ? (status?.dataDir ?? "DATA_DIR") : undefined,
          media: mediaOf(operation),
        })}
      />
      <p role="status" class="reference-status">
        {output?.status}
      </p>
      {output && output.text !== "" && (
        <textarea
          class="input mono reference-output"
          aria-label="Answer"
          readOnly
          spellcheck={false}
          rows={Math.min(24, output.text.split("\n").length)}
          value={output.text}
        />
      )}
    </form>
  );
}
