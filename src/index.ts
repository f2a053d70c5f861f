/** The package's door: what programs that use Aurex import. */

export type { NodeStatus } from "./api/node-status.ts";
export type { Result } from "./base/result.ts";
export {
  type AsertInput,
  asert,
  type Integer,
  nextTarget,
  type RetargetParent,
  type RetargetRule,
} from "./consensus/pow/asert.ts";
export { AurexNode } from "./node/aurex-node.ts";
export type { AurexNodeModules, AurexNodeOptions } from "./node/aurex-node-options.ts";
export {
  BlockchainNetwork,
  type BlockchainNetworkOptions,
  type PoaNodeOptions,
  type PowNodeOptions,
} from "./node/blockchain-network.ts";
export { LocalNode } from "./node/local-node.ts";
export { exitCodes, OperatorError } from "./node/operator-error.ts";
export type { BlockSummary } from "./node/status-tables.ts";
export { formatAmount, parseAmount } from "./protocol/amount.ts";
export {
  type Block,
  type ConsensusSection,
  decodeBlock,
  type Header,
  type HeaderRecord,
  type Seal,
} from "./protocol/block.ts";
export {
  type ChainSpecJson,
  chainSpecFrom,
  chainSpecFromJson,
  chainSpecToJson,
} from "./protocol/chain-spec-json.ts";
export type {
  BlockFault,
  Fault,
  FaultCode,
  MempoolFault,
  MessageFault,
  TransactionFault,
} from "./protocol/faults.ts";
export { type ChainSpec, type ConsensusName, chainIdOf, type Genesis } from "./protocol/genesis.ts";
export { addressOf, nodeIdOf, publicKeyOfAddress, publicKeyOfNodeId } from "./protocol/identity.ts";
export type { NodeRecord, NodeRole } from "./protocol/node-record.ts";
export { type KeyPair, keyPairFromSeed, sign, verifySignature } from "./protocol/signing.ts";
export {
  type DecodedTransaction,
  decodeTransaction,
  type Payload,
  signTransaction,
  type Transaction,
  type TransactionDraft,
  type TransactionKind,
} from "./protocol/transaction.ts";
