// The image's health check: exits with 0 when the process answers. Whether its databases do is /readyz, which is no
// reason to restart it.
const port = process.env.LOCKSTEP_PORT ?? '4680'
try {
  const { status } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) })
  if (status !== 200) console.error(`/healthz answers ${status}`)
  process.exitCode = status === 200 ? 0 : 1
} catch (error) {
  console.error(`/healthz does not answer: ${error.cause?.code ?? error.name}`)
  process.exitCode = 1
}
