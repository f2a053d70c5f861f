/** The door of `aurex/client`: what programs and pages use to talk to a node, sign, and verify. */
export { fromHex, toHex } from "../base/bytes.ts";
export type { Result } from "../base/result.ts";
export { parseAssetName, parseAssetSymbol, parseUserName } from "../ledger/text-rules.ts";
export { formatAmount, parseAmount } from "../protocol/amount.ts";
export { type Block, decodeBlock, type Header } from "../protocol/block.ts";
export { type ChainSpecJson, chainSpecFromJson } from "../protocol/chain-spec-json.ts";
export type { Fault } from "../protocol/faults.ts";
export { type ChainSpec, chainIdOf } from "../protocol/genesis.ts";
export { addressOf, nodeIdOf, publicKeyOfAddress } from "../protocol/identity.ts";
export { type KeyPair, keyPairFromSeed, sign, verifySignature } from "../protocol/signing.ts";
export {
  type DecodedTransaction,
  decodeTransaction,
  type Payload,
  signTransaction,
  type TransactionDraft,
} from "../protocol/transaction.ts";
export {
  type AssetTerms,
  type BuiltTransaction,
  buildIssueAsset,
  buildRecord,
  buildRegisterUser,
  buildTransfer,
  type TransactionTerms,
  type TransferTerms,
  type WalletFault,
} from "../wallet/build-transaction.ts";
export {
  encodeKeystore,
  type Keystore,
  type KeystoreCipher,
  type KeystoreFault,
  makeKeystore,
  type NewKeystore,
  openKeystore,
  readKeystore,
} from "../wallet/eip2335.ts";
export { type ImportedFile, parsedForImport } from "../wallet/import-file.ts";
export { hasStrayCharacters, passphraseFault } from "../wallet/passphrase-text.ts";
export { blockingStretch, portableStretch, type ScryptCost, type Stretch } from "../wallet/stretch.ts";
export {
  encodeSignedFile,
  encodeUnsignedFile,
  readSignedFile,
  readUnsignedFile,
  type SignedFile,
  type UnsignedFile,
} from "../wallet/transaction-file.ts";
export { accountPath, newWords, readWords, seedFromWords, type WordCount } from "../wallet/words.ts";
export {
  type HistoryPart,
  type HistoryWish,
  historyCsvHeader,
  historyCsvLines,
  historyParts,
} from "./account-history.ts";
export { type ApiClient, type ApiClientOptions, createApiClient } from "./api-client.ts";
export { ApiProblem, ApiUnreachable } from "./api-problem.ts";
export type { CallInput, CallOptions, Fetch } from "./call.ts";
export {
  type CertifiedBlock,
  type CertifiedVote,
  certificateProblem,
  openCertificates,
} from "./certified-block.ts";
export type { NodeEvent } from "./event-parser.ts";
export { type ConnectionState, type FollowOptions, followEvents } from "./event-stream.ts";
export { LightClient, type LightClientOptions, type LightStatus } from "./light-client.ts";
export type {
  VerifiedBalance,
  VerifiedBlock,
  VerifiedBody,
  VerifiedSeal,
  VerifiedTransaction,
} from "./proven-values.ts";
export * as routes from "./routes.ts";
export {
  type KeptTransaction,
  OutcomeUnknown,
  type Resubmitted,
  resubmitKept,
  type SubmitOptions,
  submitSafely,
  type TransactionStore,
} from "./submit-safely.ts";
export type { CheckedStep, CheckName, Verified, VerifyFault, VerifyFaultCode } from "./verified.ts";
