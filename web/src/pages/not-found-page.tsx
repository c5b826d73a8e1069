export function NotFoundPage() {
  return (
    <>
      <h1 class="text-xl font-semibold">There is no such page</h1>
      <p class="mt-2">
        <a href="/">To the overview</a>
      </p>
    </>
  )
}
