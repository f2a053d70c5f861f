/** The page "Consensus". */

export default function ConsensusPage() {
  return <h1>Consensus</h1>;
}
