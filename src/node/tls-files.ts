/** The certificate and the key of an API that speaks TLS, read from the operator's files. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { toError } from "../base/invariant.ts";
import type { TlsIdentity } from "../http/server.ts";
import { exitCodes, OperatorError, placeUnusable } from "./operator-error.ts";

export interface TlsFiles {
  /** PEM; the node's certificate first, then those that lead to its issuer. */
  readonly certFile: string;
  /** PEM, without a passphrase. */
  readonly keyFile: string;
}

/** @throws OperatorError with exit code 2 if the files cannot be read, or are no certificate and its key */
export async function readTlsFiles({ certFile, keyFile }: TlsFiles): Promise<TlsIdentity> {
  const [cert, key] = await Promise.all([
    textIn(certFile, "--api-tls-cert"),
    textIn(keyFile, "--api-tls-key"),
  ]);
  try {
    // The context alone would take an empty file, such as one that is being written, and every handshake would fail.
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error("the key is that of another certificate");
    }
    createSecureContext({ cert, key });
  } catch (thrown) {
    throw new OperatorError("the API cannot speak TLS with these files", {
      code: "node/tls-files",
      exitCode: exitCodes.usage,
      why: `${certFile} and ${keyFile} must hold a certificate and its key in PEM, the key without a passphrase: ${toError(thrown).message}`,
      next: "compare them: openssl x509 -pubkey -noout -in CERT and openssl pkey -pubout -in KEY must print the same",
      cause: thrown,
    });
  }
  return { cert, key };
}

async function textIn(file: string, flag: string): Promise<string> {
  return readFile(file, "utf8").catch((thrown: unknown) => {
    throw placeUnusable(thrown, file, `name a file that this user may read with ${flag}`);
  });
}
