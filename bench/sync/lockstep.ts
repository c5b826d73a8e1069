import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'dist/cli/main.js')
/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100

/** The built product in processes of its own, as a user runs it: nothing of it is called from here. */
export class Lockstep implements AsyncDisposable {
  readonly #folder: string
  readonly #running = new Set<ChildProcess>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** A project folder with a config that syncs `table` between the two, in so many lanes. */
  static async project(urls: { readonly a: string; readonly b: string }, table: string, lanes = 1): Promise<Lockstep> {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'))
    await mkdir(join(folder, 'node_modules'))
    await symlink(ROOT, join(folder, 'node_modules/lockstep'))
    await writeFile(
      join(folder, 'lockstep.config.ts'),
      `import { defineConfig, sync } from 'lockstep'
import { postgres } from 'lockstep/postgres'
export default defineConfig({ flows: { mirror: sync({ table: '${table}', between: [postgres('${urls.a}'), postgres('${urls.b}')], lanes: ${lanes} }) } })
`,
    )
    return new Lockstep(folder)
  }

  /** `lockstep run mirror`; resolves once the comparison at the start is over. */
  async startSync(): Promise<RunningSync> {
    const child = this.#spawn(['run', 'mirror', '--json'])
    const verdict = new Promise<Verdict>((resolve, reject) => {
      const log: string[] = []
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line)
        const event = parse(line)
        if (event !== undefined && 'verdict' in event) resolve(Verdict.parse(event))
      })
      child.once('exit', () => reject(new Error(`sync ended early:\n${log.slice(-10).join('\n')}`)))
    })
    const first = await verdict
    return {
      startMs: first.figures.durationMs,
      cpuSeconds: () => cpuSeconds(child),
      memoryBytes: () => peakMemoryBytes(child),
      stop: () => this.#stop(child),
    }
  }

  /** `lockstep load` into the URLs until `rows` are in. */
  async load(urls: readonly string[], table: string, rows: number): Promise<LoadSummary> {
    const into = urls.flatMap((url) => ['--into', url])
    const child = this.#spawn(['load', '--table', table, ...into, '--rows', String(rows), '--json'])
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.resume()
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`load ended with exit code ${code}`)
    return LoadSummary.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.#stop(child)))
    await rm(this.#folder, { recursive: true, force: true })
  }

  #spawn(args: readonly string[]) {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#running.add(child)
    child.once('close', () => this.#running.delete(child))
    return child
  }

  async #stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.removeAllListeners('exit')
    child.stdout?.resume()
    child.kill('SIGTERM')
    await once(child, 'close')
  }
}

export interface RunningSync {
  /** How long the comparison at the start took, in ms, as the product says. */
  readonly startMs: number
  cpuSeconds(): Promise<number>
  /** Most memory it ever had resident. */
  memoryBytes(): Promise<number>
  stop(): Promise<void>
}

const LoadSummary = z.object({ rows: z.number(), seconds: z.number(), rowsPerSecond: z.number() })
export type LoadSummary = z.infer<typeof LoadSummary>

const Event = z.object({ event: z.string() }).loose()
const Verdict = z.object({ verdict: z.string(), figures: z.object({ durationMs: z.number() }).loose() }).loose()
type Verdict = z.infer<typeof Verdict>

function parse(line: string): z.infer<typeof Event> | undefined {
  try {
    return Event.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

async function cpuSeconds(child: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function peakMemoryBytes(child: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024
}
