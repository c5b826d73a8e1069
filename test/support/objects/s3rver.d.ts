declare module 's3rver' {
  import type { FileStore } from './atomic-store.js'

  class S3rver {
    readonly store: FileStore
    constructor(options: {
      address?: string
      port?: number
      silent?: boolean
      directory: string
      configureBuckets?: readonly { name: string }[]
    })
    run(): Promise<{ readonly address: string; readonly port: number }>
    close(): Promise<void>
  }
  export = S3rver
}
