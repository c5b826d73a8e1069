import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Where the programs of MariaDB are. */
export interface MariadbPrograms {
  readonly mariadbd: string
  readonly install: string
}

/** Debian keeps the server where only root's PATH looks. */
const ALSO = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']

/** The programs of an installed MariaDB; `undefined` when there is none. npm has no such package. */
export async function findMariadb(): Promise<MariadbPrograms | undefined> {
  const mariadbd = await find('mariadbd')
  const install = await find('mariadb-install-db')
  return mariadbd === undefined || install === undefined ? undefined : { mariadbd, install }
}

async function find(program: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...ALSO]
  for (const folder of folders) {
    const path = join(folder, program)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}
