/** Every lie that a node is made to tell, and the fault by which the client refuses it. */

import { blockLies, bodyLies, workLies } from "./block-lies.ts";
import { balanceLies, transactionLies } from "./proof-lies.ts";
import type { Ask, Stages, ToldLie } from "./told.ts";
import { genesisLies, wayLies } from "./way-lies.ts";
export async function allLies(stages: Stages, ask: Ask): Promise<ToldLie[]> {
  return [
    ...(await genesisLies(stages, ask)),
    ...(await wayLies(stages, ask)),
    ...(await blockLies(stages, ask)),
    ...(await transactionLies(stages, ask)),
    ...(await balanceLies(stages, ask)),
    ...bodyLies(stages),
    ...(await workLies(stages, ask)),
  ];
}
