/** What a person has to know of where this browser keeps the keys, before relying on it. */
import { useEffect, useState } from "preact/hooks";
import { Note } from "../parts/note.tsx";
import type { KeyRingState } from "./key-ring.ts";
import { type OriginFacts, originFacts, otherLoopbackName, portsWithKeys } from "./origin.ts";

export function StorageNotes({ state }: { state: KeyRingState }) {
  const [facts, setFacts] = useState<OriginFacts>();
  const hasKeys = state.keys.length > 0;
  useEffect(() => {
    let isOver = false;
    void originFacts({ ask: hasKeys }).then((found) => {
      if (!isOver) setFacts(found);
    });
    return () => {
      isOver = true;
    };
  }, [hasKeys]);
  return (
    <>
      {state.whyNotLasting !== undefined ? (
        <Note kind="bad" title="Keys made here are gone when this tab is closed">
          The browser keeps nothing for this page ({state.whyNotLasting}), so keys are in this tab's memory
          alone. Download the keystore file of each key, or write down its words.
        </Note>
      ) : (
        facts?.looksPrivate && (
          <Note kind="warn" title="This looks like a private window">
            Its storage is deleted when the window is closed, and every key in it. Open this page in a normal
            window, or keep a copy of each key elsewhere.
          </Note>
        )
      )}
      <OtherPorts hasKeys={hasKeys} />
      {hasKeys && (
        <Note title="The storage of a browser is no backup">
          It goes with the browser's profile, when site data is cleared, and, in a private window, when that
          is closed.{" "}
          {facts?.persistence === "denied" &&
            "This browser may also clear it by itself when the disk is full. "}
          Keep the words or the keystore file of each key somewhere else. Keys belong to this address,{" "}
          <strong>{location.origin}</strong>: under another host name or port there are other keys.
        </Note>
      )}
    </>
  );
}

function OtherPorts({ hasKeys }: { hasKeys: boolean }) {
  if (hasKeys) return null;
  const ports = portsWithKeys(document.cookie).filter((port) => port !== location.port);
  const places = ports.map((port) => `${location.protocol}//${location.hostname}:${port}`);
  const other = otherLoopbackName(location);
  if (places.length === 0 && other === undefined) return null;
  return (
    <Note
      kind={places.length > 0 ? "warn" : "plain"}
      title={places.length > 0 ? "Your keys are at another port of this host" : "Did you make a key before?"}
    >
      {places.length > 0 && (
        <p>
          This browser has keys at{" "}
          {places.map((place, index) => (
            <span key={place}>
              {index > 0 && ", "}
              <a href={`${place}/#/wallet`}>{place}</a>
            </span>
          ))}
          . A browser shows them to that address alone: start the node with that API port again, or export the
          key there and import it here.
        </p>
      )}
      {other !== undefined && places.length === 0 && (
        <p>
          Keys belong to the address at which they were made. Those made at {other} are there:{" "}
          <a href={`${other}/#/wallet`}>look there</a>.
        </p>
      )}
    </Note>
  );
}
