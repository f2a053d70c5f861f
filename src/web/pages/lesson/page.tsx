/** The page "Lesson". */

export default function LessonPage() {
  return <h1>Lesson</h1>;
}
