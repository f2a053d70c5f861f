/** The page "Send". */

export default function SendPage() {
  return <h1>Send</h1>;
}
