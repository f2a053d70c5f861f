/** What the page and the worker that makes keys of passphrases say to each other. */
import type { ScryptCost } from "../../client/index.ts";

export type StretchOrder =
  | {
      readonly kind: "scrypt";
      readonly secret: Uint8Array;
      readonly salt: Uint8Array;
      readonly cost: ScryptCost;
    }
  | {
      readonly kind: "pbkdf2";
      readonly secret: Uint8Array;
      readonly salt: Uint8Array;
      readonly count: number;
    };

export type StretchReport =
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "done"; readonly key: Uint8Array }
  | { readonly kind: "failed"; readonly reason: string };
