/** The page "Forks". */

export default function ForksPage() {
  return <h1>Forks</h1>;
}
