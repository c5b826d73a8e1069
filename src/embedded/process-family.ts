import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const GONE_DEADLINE_MS = 10_000

/** The postmaster and its backends. Without /proc only the postmaster: its backends end when they notice its death. */
export async function family(postmaster: number): Promise<readonly number[]> {
  const path = `/proc/${postmaster}/task/${postmaster}/children`
  const children = await readFile(path, 'utf8').catch(() => '')
  return [postmaster, ...children.split(' ').filter(Boolean).map(Number)]
}

/** SIGSTOP or SIGCONT to all of them. */
export async function freezeFamily(postmaster: number, frozen: boolean): Promise<void> {
  const signal = frozen ? 'SIGSTOP' : 'SIGCONT'
  // A stopped postmaster starts no new backends while the others are counted.
  if (frozen) signalIfAlive(postmaster, signal)
  for (const pid of await family(postmaster)) signalIfAlive(pid, signal)
}

/** SIGKILL to all of them; resolves when none runs any more, so that nothing holds the data folder. */
export async function killFamily(postmaster: number): Promise<void> {
  signalIfAlive(postmaster, 'SIGSTOP')
  const pids = await family(postmaster)
  for (const pid of pids) signalIfAlive(pid, 'SIGKILL')
  const deadline = Date.now() + GONE_DEADLINE_MS
  while ((await Promise.all(pids.map(runs))).some(Boolean)) {
    if (Date.now() > deadline) throw new Error(`processes ${pids.join(', ')} survived SIGKILL`)
    await delay(5)
  }
}

/** A zombie does not run: whether it is reaped is up to its parent, which for an orphan may be nobody in a container. */
async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return process.platform === 'linux' ? false : signalIfAlive(pid, 0)
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  return state !== 'Z' && state !== 'X'
}

/** False when there is no such process. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
