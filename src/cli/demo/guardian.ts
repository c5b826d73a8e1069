import { type ChildProcess, spawn } from 'node:child_process'

/**
 * The program of the guardian. It reads what it watches from stdin, a JSON object per line, and acts when stdin ends:
 * the operating system closes the pipe however the demo died, SIGKILL included.
 */
const PROGRAM = `
const { rm } = require('node:fs/promises')
const watched = { pids: new Map(), folders: [] }
let text = ''
const send = (pid, signal) => { try { process.kill(pid, signal); return true } catch { return false } }
process.stdin.on('data', (chunk) => {
  const lines = (text + chunk).split('\\n')
  text = lines.pop()
  for (const line of lines) {
    const { pid, signal, gone, folder } = JSON.parse(line)
    if (folder) watched.folders.push(folder)
    else if (gone) watched.pids.delete(gone)
    else watched.pids.set(pid, signal)
  }
})
process.stdin.on('end', async () => {
  for (const [pid, signal] of watched.pids) send(pid, signal)
  const deadline = Date.now() + 3000
  while (Date.now() < deadline && [...watched.pids.keys()].some((pid) => send(pid, 0))) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  for (const pid of watched.pids.keys()) send(pid, 'SIGKILL')
  for (const folder of watched.folders) await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  process.exit(0)
})
`

/** Outlives the demo by a moment: ends its processes and removes its folders, even when the demo was killed. */
export class Guardian {
  readonly #process: ChildProcess

  constructor() {
    // In a process group of its own, so that the Ctrl-C meant for the demo does not end it too.
    this.#process = spawn(process.execPath, ['-e', PROGRAM], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    this.#process.on('error', () => undefined)
    this.#process.stdin?.on('error', () => undefined)
    this.#process.unref()
  }

  /** To be ended by `signal` when the demo is gone, and by SIGKILL when that does not help. */
  watchProcess(pid: number, signal: NodeJS.Signals): void {
    this.#say({ pid, signal })
  }

  /** It has ended; its id may soon belong to another process. */
  forgetProcess(pid: number): void {
    this.#say({ gone: pid })
  }

  watchFolder(folder: string): void {
    this.#say({ folder })
  }

  /** The demo has cleaned up after itself; what is left is the guardian's. */
  leave(): void {
    this.#process.stdin?.end()
  }

  #say(message: object): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`)
  }
}
