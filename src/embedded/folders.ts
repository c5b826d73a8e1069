import { chmod, mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The user and group `nobody`: PostgreSQL refuses to run as root. */
export const NOBODY = 65_534

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** A new temporary folder that the user under which the server runs can enter; `parent` must be one already. */
export async function temporaryFolder(prefix: string, parent?: string): Promise<string> {
  const folder = await mkdtemp(join(parent ?? (await enterable()), prefix))
  await chmod(folder, 0o755)
  return folder
}

/** TMPDIR may lie below a folder that only its owner may enter. */
async function enterable(): Promise<string> {
  const usual = tmpdir()
  if (!isRoot()) return usual
  for (const folder of [usual, '/tmp', '/var/tmp']) if (await openToAll(folder)) return folder
  return usual
}

async function openToAll(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined || (found.mode & 0o001) === 0) return false
  return dirname(folder) === folder || openToAll(dirname(folder))
}
