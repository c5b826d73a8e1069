import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client'

/** A file in a folder of its own. */
export class DatabaseFile implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<DatabaseFile> {
    return new DatabaseFile(join(await mkdtemp(join(tmpdir(), 'lockstep-sqlite-')), 'test.db'))
  }

  /** A bare client, for oracles. It does not wait for locks. */
  client(): Client & Disposable {
    const client = createClient({ url: `file:${this.path}`, intMode: 'bigint' })
    return Object.assign(client, { [Symbol.dispose]: () => client.close() })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.path, '..'), { recursive: true })
  }
}

export const { signal } = new AbortController()
