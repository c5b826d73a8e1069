import { bigint, int, mysqlTable } from 'drizzle-orm/mysql-core'

const id = () => bigint('ID', { mode: 'bigint', unsigned: true }).autoincrement().primaryKey()
const blob = (name: string) => bigint(name, { mode: 'bigint', unsigned: true })

// In the global database.

/** Each blob once, however many mails it is part of. At 0 it may be removed. */
export const blobStorage = mysqlTable('BlobStorage', {
  id: id(),
  numReferences: int('NumReferences', { unsigned: true }).notNull(),
})
export const sentMessage = mysqlTable('SentMessage', { id: id(), blobStorageId: blob('BlobStorageID') })
export const sentAttachment = mysqlTable('SentAttachment', { id: id(), blobStorageId: blob('BlobStorageID') })

// In a shard.

export const attachment = mysqlTable('Attachment', { id: id(), blobStorageId: blob('BlobStorageID') })
export const contactData = mysqlTable('ContactData', { id: id(), blobStorageId: blob('BlobStorageID') })
export const outsideAttachment = mysqlTable('OutsideAttachment', { id: id(), blobStorageId: blob('BlobStorageID') })
export const messageData = mysqlTable('MessageData', { id: id(), body: blob('Body'), header: blob('Header') })
