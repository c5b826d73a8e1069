import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'
import type { Instance } from '../../core/lease.js'

const Id = z.object({ place: z.string(), pid: z.number(), start: z.string(), unique: z.string() })

/**
 * This process, as others see it that want its leases. One on the same machine can tell whether it is gone, so that a
 * process that is started again need not wait for the lease of the one before to expire.
 */
export function thisProcess(): Instance {
  const place = placeOf()
  const { pid } = process
  const start = fate(pid).start ?? ''
  return {
    name: `${hostname()}/${pid}`,
    id: JSON.stringify({ place, pid, start, unique: randomUUID() } satisfies z.infer<typeof Id>),
    hasEnded: (id) => place !== '' && isGone(id, place),
  }
}

/** Where a process id means one process: the machine since it was started, and the container. Empty: unknown. */
function placeOf(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

function isGone(id: string, place: string): boolean {
  const { success, data } = Id.safeParse(parsed(id))
  if (!success || data.place !== place) return false
  const { dead, start } = fate(data.pid)
  // Another process has the number now.
  return dead || (start !== undefined && data.start !== '' && start !== data.start)
}

function parsed(id: string): unknown {
  try {
    return JSON.parse(id)
  } catch {
    return undefined
  }
}

interface Fate {
  readonly dead: boolean
  /** When it was started, in ticks since the machine was; left out where that is not told. */
  readonly start?: string
}

function fate(pid: number): Fate {
  if (isMissing(pid)) return { dead: true }
  try {
    // The second field, the program's name, may hold anything.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const start = fields[19]
    return { dead: fields[0] === 'Z' || fields[0] === 'X', ...(start === undefined ? {} : { start }) }
  } catch {
    // Others' processes may be hidden.
    return { dead: false }
  }
}

function isMissing(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
