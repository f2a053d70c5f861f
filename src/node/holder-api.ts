/** Asks the node that holds a data directory: by the URL, the certificate and the token that its lock names. */
import { type ApiClient, createApiClient, type ReadToken } from "../client/api-client.ts";
import { pinnedFetch } from "../http/pinned-fetch.ts";
import type { HolderApi } from "../store/directory-lock.ts";
import { knownApiToken } from "./api-token.ts";

/**
 * @param holder of a directory that this user may read, with a URL
 * @param readToken what to send in the place of the token in the holder's file
 */
export function holderApi(
  { apiUrl, apiCertificate, apiTokenFile }: HolderApi & { readonly apiUrl: string },
  readToken: ReadToken = async () => apiTokenFile && knownApiToken(apiTokenFile),
): ApiClient {
  return createApiClient(apiUrl, {
    // A node of this machine answers, or it is not there.
    retries: 0,
    token: readToken,
    ...(apiCertificate === undefined ? {} : { fetch: pinnedFetch(apiCertificate) }),
  });
}
