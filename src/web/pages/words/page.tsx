/** The page "Words". */

export default function WordsPage() {
  return <h1>Words</h1>;
}
