import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'
import { inject, onTestFailed } from 'vitest'

const BUILD_DEADLINE_MS = 50_000

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The package as it is published, built: what users run, not what the sources would do. Disposing ends what was started. */
export interface BuiltCli extends AsyncDisposable {
  /** Holds what `dist` would hold; the same for all test files of a run. */
  readonly folder: string
  /** Starts `lockstep ...args`. */
  start(args: readonly string[], options?: StartOptions): RunningCli
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCli {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has printed so far, stdout before stderr. */
  output(): string
  /** Resolves once stdout or stderr has had the text; throws when the process ends before. */
  printed(text: string): Promise<void>
}

/** The first test file that asks builds; the others, in processes of their own, wait for it. */
async function builtOnce(parent: string): Promise<string> {
  const folder = join(parent, 'cli')
  const outcome = join(parent, 'outcome')
  if (await claimed(join(parent, 'claim'))) {
    const failure = await build({ cwd: ROOT, outDir: folder, dts: false, logLevel: 'error' }).then(() => '', String)
    await writeFile(outcome, `${failure}\n`)
  }
  for (const until = Date.now() + BUILD_DEADLINE_MS; ; await setTimeout(50)) {
    const failure = await readFile(outcome, 'utf8').catch(() => '')
    if (failure === '\n') return folder
    if (failure.endsWith('\n')) throw new Error(`the command line could not be built: ${failure}`)
    if (Date.now() > until) throw new Error('another test file began to build the command line and has not ended')
  }
}

/** True for the one that made the folder. */
function claimed(path: string): Promise<boolean> {
  return mkdir(path).then(
    () => true,
    () => false,
  )
}

export async function builtCli(): Promise<BuiltCli> {
  const folder = await builtOnce(inject('cliFolder'))
  const running = new Set<ChildProcess>()
  return {
    folder,
    start(args, options = {}) {
      const cli = start(join(folder, 'cli', 'main.js'), args, options)
      running.add(cli.process)
      tellWhenFailed(cli, args)
      return cli
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of running) child.kill('SIGKILL')
    },
  }
}

/** What a test that took too long was waiting for. */
function tellWhenFailed({ process, output }: RunningCli, args: readonly string[]): void {
  const tell = (): void => {
    const state = process.signalCode ?? process.exitCode ?? 'running'
    console.error(`lockstep ${args.join(' ')} (${state}):\n${output().slice(-2_000)}`)
  }
  try {
    onTestFailed(tell)
  } catch {
    // Started for all tests of a file, it belongs to none of them; nor is one known while others of its file run beside it.
  }
}

function start(main: string, args: readonly string[], { cwd = ROOT, env = {} }: StartOptions): RunningCli {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const look = () => {
    for (const waiter of waiting) waiter()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    look()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    look()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const waiter = () => {
        if (stdout.includes(text) || stderr.includes(text)) resolve()
      }
      waiting.add(waiter)
      waiter()
      ended.then(() => reject(new Error(`it ended without printing ${text}:\n${stdout}\n${stderr}`)), reject)
    })
  return { process: child, ended, printed, output: () => `${stdout}\n${stderr}` }
}
