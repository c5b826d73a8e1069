export function Loading() {
  return (
    <p role="status" class="py-10 text-center text-muted">
      Reading …
    </p>
  )
}
