/** Told `open`, opens so many event streams of the API and reads all that comes; says `open` once each has said something. */
const [url, count] = process.argv.slice(2)
let over = new AbortController()

async function listen(signal) {
  const answer = await fetch(`${url}/api/v1/events`, { signal })
  if (answer.body === null) throw new Error('the stream has no body')
  const reader = answer.body.getReader()
  await reader.read()
  void (async () => {
    while (!(await reader.read()).done);
  })().catch(() => {})
}

process.on('message', async (word) => {
  if (word === 'close') return over.abort()
  over = new AbortController()
  await Promise.all(Array.from({ length: Number(count) }, () => listen(over.signal)))
  process.send?.('open')
})
process.once('disconnect', () => process.exit(0))
