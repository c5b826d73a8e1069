import { appendFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

/** A folder of its own for one test. */
export class Folder implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<Folder> {
    const folder = new Folder(join(await mkdtemp(join(tmpdir(), 'lockstep-files-')), 'in'))
    await mkdir(folder.path)
    return folder
  }

  file(name: string): string {
    return join(this.path, name)
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    await writeFile(this.file(name), content)
    return this.file(name)
  }

  /** To what the file holds; a gzipped one is written anew. */
  async append(name: string, content: string): Promise<void> {
    if (!name.endsWith('.gz')) return appendFile(this.file(name), content)
    const before = await readFile(this.file(name)).then(gunzipSync, () => Buffer.alloc(0))
    await this.write(name, gzipSync(Buffer.concat([before, Buffer.from(content)])))
  }

  async away(gone: boolean): Promise<void> {
    await (gone ? rename(this.path, `${this.path}-away`) : rename(`${this.path}-away`, this.path))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.path, '..'), { recursive: true })
  }
}
