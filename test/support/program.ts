import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A file as a process of its own; TypeScript through tsx. */
export interface Program extends AsyncDisposable {
  readonly process: ChildProcess
  /** Resolves with what it printed when it ends well; throws with the end of its stderr when it does not. */
  readonly output: Promise<string>
}

/** @param file relative to `test/support`, e.g. `hostile-writers.ts`. */
export function startProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, [...(path.endsWith('.ts') ? ['--import', 'tsx'] : []), path, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-4000)
  })
  const output = new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(printed)
      else reject(new Error(`${file} ended with ${signal ?? `exit code ${code}`}:\n${complaints}`))
    })
  })
  // Whoever waits for the output gets the error; who does not is not to die of it.
  output.catch(() => undefined)
  return {
    process: child,
    output,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await output.catch(() => undefined)
    },
  }
}
