import { readFile } from 'node:fs/promises'
import { family } from '../../src/embedded/process-family.js'
import type { EmbeddedServer } from '../../src/embedded/server.js'

/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100
/** Places in /proc/<pid>/stat after the name of the program: own time in user and system mode, then that of children that ended. */
const OWN = [11, 12]
const ENDED_CHILDREN = [13, 14]

/** Seconds of processor time of a process, all of its threads together. */
export function processorSeconds(pid: number): Promise<number> {
  return sumOf(pid, OWN)
}

/** Of a database server: all that it has used since it started, also in backends whose connection is closed. */
export async function serverSeconds(server: EmbeddedServer): Promise<number> {
  const postmaster = server.pid
  if (postmaster === undefined) throw new Error('the server does not run')
  const each = (await family(postmaster)).map((pid) =>
    sumOf(pid, pid === postmaster ? [...OWN, ...ENDED_CHILDREN] : OWN),
  )
  return (await Promise.all(each)).reduce((sum, seconds) => sum + seconds, 0)
}

/** Most memory that a process ever had resident, in bytes. */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) * 1024
}

/** A backend may end between being counted and being read; its time is then with the postmaster at the next look. */
async function sumOf(pid: number, places: readonly number[]): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return places.reduce((sum, place) => sum + Number(fields[place] ?? 0), 0) / TICKS_PER_SECOND
}
