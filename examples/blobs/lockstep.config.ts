import { check, defineConfig } from 'lockstep'
import { env } from 'lockstep/env'
import { mysql } from 'lockstep/mysql'
import * as table from './schema.js'

const global = mysql(env('GLOBAL_URL'))
const shard = mysql(env('SHARD_URL'))

export default defineConfig({
  flows: {
    blobs: check.references({
      master: global.table(table.blobStorage).column('numReferences'),
      references: [
        global.table(table.sentMessage).column('blobStorageId'),
        global.table(table.sentAttachment).column('blobStorageId'),
        shard.table(table.attachment).column('blobStorageId'),
        shard.table(table.contactData).column('blobStorageId'),
        shard.table(table.outsideAttachment).column('blobStorageId'),
        shard.table(table.messageData).column('body'),
        shard.table(table.messageData).column('header'),
      ],
      // Old rows have 0 where new ones have NULL.
      none: [null, 0],
    }),
  },
})
