import { pgTable, text, uuid } from 'drizzle-orm/pg-core'

export const records = pgTable('records', {
  id: uuid('id').primaryKey(),
  value: text('value'),
})
