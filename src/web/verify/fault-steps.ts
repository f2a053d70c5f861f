/** Which step it was that failed, by the fault and by what was being verified. */
import type { VerifyFaultCode } from "../../client/index.ts";
import type { StepName } from "./report.ts";

export type Phase = "open" | "sync" | "transaction" | "block" | "seal" | "balance";

export function failedStep(code: VerifyFaultCode, phase: Phase, engine: "pow" | "poa"): StepName {
  const way = engine === "poa" ? "authorities" : "work";
  switch (code) {
    case "light/wrong-genesis":
      return "chain-id";
    case "light/stored-invalid":
      return "kept";
    case "light/certificate-invalid":
    case "light/state-not-committed":
      return engine === "poa" ? "certificates" : "work";
    case "light/authorities-unexplained":
    case "light/evidence-invalid":
    case "light/recovery-not-trusted":
      return "authorities";
    case "light/not-final":
    case "light/contradiction":
      return "final";
    case "light/work-invalid":
    case "light/not-heavier":
      return "work";
    case "light/block-unknown":
      return phase === "sync" ? "work" : "heaviest";
    case "light/link-broken":
    case "light/wrong-chain":
      return phase === "sync" ? way : "header";
    case "light/signature-invalid":
      return phase === "seal" ? "seal" : "signature";
    case "light/proof-invalid":
      return phase === "balance" ? "entry" : "transactions";
    case "light/not-what-was-asked":
      return "asked";
    case "light/stale":
      return "newest";
    case "light/malformed":
      return malformedStep(phase, way);
  }
}

function malformedStep(phase: Phase, way: StepName): StepName {
  const steps = {
    open: "chain-id",
    sync: way,
    transaction: "transactions",
    block: "transactions",
    seal: "seal",
    balance: "entry",
  } as const;
  return steps[phase];
}
