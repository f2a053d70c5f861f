/** The page that an auditor reads first in a bundle: what is in it, how to check it, and what it cannot prove. */
import type { DigestDocument } from "../digest-document.ts";

export interface BundledChain {
  readonly digest: DigestDocument;
  readonly digestName: string;
  readonly specName: string;
}

export function bundleReadme(chains: readonly BundledChain[], holds: boolean, version: string): string {
  const ids = chains.map(({ digest }) => `--chain-id ${digest.chainId}`).join(" ");
  return `An Aurex ledger for auditors
============================

You need not trust whoever gave you this. Everything can be checked from these files, without a network.

${chains.map(chainText).join("\n")}
What is in here
---------------
ledger.sqlite       the SQL ledger. Start with: sqlite3 ledger.sqlite "SELECT * FROM README"
                    The table data_dictionary says what each column means.
${chains.map(({ digestName, specName }) => `${digestName}\n                    what the ledger comes to at its last block\n${specName}\n                    what the chain began with; its hash is the chain id\n`).join("")}audit.html          the report of the program's own audit, made by whoever gave you this${holds ? "" : ".\n                    IT HAS FINDINGS: not every check held"}
audit.json          the same for programs
verify_ledger.py    a verifier in Python that shares no line with that program
SHA256SUMS          check with: sha256sum -c SHA256SUMS

How to check it
---------------
1. Get the chain id from somebody other than the one who gave you this, and compare it with the one above.
2. Run the verifier. It needs Python 3.9 and the package cryptography or PyNaCl:

     python3 verify_ledger.py ledger.sqlite ${ids} ${chains.map(({ digestName }) => `--digest ${digestName}`).join(" ")}

   Exit code 0: all of it holds. Exit code 9: something does not, and it says what.
3. Or let the program do all of its twelve checks again (npm install aurex):

     aurex-node audit ledger.sqlite ${chains.map(({ digest }) => `--genesis ${digest.chainId}`).join(" ")}

What this proves, and what not
------------------------------
- If the chain id is the right one, then every block, transaction, balance and state root up to the last block follows
  from it, and every transaction was signed by its sender.
- In Proof of Authority a block that is final cannot be replaced. In Proof of Work the ledger shows the work that was
  done; a heavier branch may exist that this file does not have.
- Nothing in a file can show that no blocks were cut off its end. For that, compare the head with somebody else's, or
  with a digest that was kept elsewhere.
- A digest in this archive comes from whoever made the archive. Its signature says which node made it: compare the node
  id with one that you know.
- Rows that are marked "observed" in the data dictionary are what a node saw or was told. They follow from no chain.

Written by aurex ${version}.
`;
}

function chainText({ digest }: BundledChain): string {
  const { name, consensus, chainId, head, final, contentDigest, signature } = digest;
  return `Chain ${name} (${consensus === "pow" ? "Proof of Work" : "Proof of Authority"})
  chain id        ${chainId}
  last block      ${head.height}  ${head.hash}
  final block     ${final === null ? "none is known" : `${final.height}  ${final.hash}`}
  content digest  ${contentDigest}
  signed by       ${signature ? `node ${signature.nodeId}` : "nobody"}
`;
}
