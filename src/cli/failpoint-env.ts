import { ConfigError } from '../core/errors.js'
import { armFailpoint } from '../core/failpoint.js'

/**
 * For the fault tests: `LOCKSTEP_FAILPOINT=name` or `name:3` kills this process, as `kill -9` would, the first or third
 * time it comes by the failpoint. Names may have two parts: `writer:before-commit:3`.
 */
export function armFromEnvironment(spec: string): void {
  const { name, nth } = parse(spec)
  let hits = 0
  armFailpoint(name, () => {
    hits += 1
    if (hits === nth) process.kill(process.pid, 'SIGKILL')
  })
}

function parse(spec: string): { name: string; nth: number } {
  const match = /^([a-z0-9.-]+(?::[a-z][a-z0-9.-]*)?)(?::([1-9]\d{0,8}))?$/i.exec(spec)
  const name = match?.[1]
  if (name === undefined) {
    throw new ConfigError({
      code: 'failpoint-invalid',
      key: 'env.LOCKSTEP_FAILPOINT',
      message: 'is not the name of a failpoint',
      fix: 'write `name` or `name:nth`, or unset it',
    })
  }
  return { name, nth: Number(match?.[2] ?? 1) }
}
