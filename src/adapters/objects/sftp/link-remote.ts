import { codeOf, isUnsupported, STATUS } from './errors.js'
import { done, isThere } from './protocol.js'
import type { Link } from './session.js'

interface Linking {
  readonly from: string
  readonly to: string
  /** How often it was tried before. */
  readonly before: number
}

/**
 * Gives a file a second name (`hardlink@openssh.com`), dated by now. `unsupported` when the server or its file system has
 * no such thing, `missing` when there is no file.
 */
export async function linkRemote(
  { protocol }: Link,
  { from, to, before }: Linking,
): Promise<'linked' | 'unsupported' | 'missing'> {
  try {
    await done((callback) => protocol.ext_openssh_hardlink(from, to, callback))
  } catch (error) {
    if (isUnsupported(error)) return 'unsupported'
    const code = codeOf(error)
    if (code === STATUS.missing) return 'missing'
    if (code !== STATUS.failure && code !== STATUS.refused) throw error
    // Nobody else has been given the name: the answer to our own link was lost.
    if (before === 0 || !(await isThere(protocol, to))) return 'unsupported'
  }
  const now = Math.floor(Date.now() / 1_000)
  // Or it would be as old as the other one, and swept as such; a server that refuses that keeps an old date.
  await done((callback) => protocol.setstat(to, { atime: now, mtime: now }, callback)).catch((error: unknown) => {
    if (typeof codeOf(error) !== 'number') throw error
  })
  return 'linked'
}
