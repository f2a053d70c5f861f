/** The page "Reference". */

export default function ReferencePage() {
  return <h1>Reference</h1>;
}
