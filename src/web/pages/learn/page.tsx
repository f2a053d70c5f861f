/** The page "Learn". */

export default function LearnPage() {
  return <h1>Learn</h1>;
}
