import { describe, expect, it } from 'vitest'
import { factsOf } from './dialect.js'

const facts = (variables: Readonly<Record<string, string>>) =>
  factsOf(new Map(Object.entries(variables)), { label: 'mysql://h:3306/app', database: 'app' })

describe('what a server says of itself', () => {
  it('makes the dialect of MySQL', () => {
    const mysql = { version: '8.4.3', server_uuid: 'u-1', read_only: 'ON', max_execution_time: '0' }
    expect(facts(mysql)).toMatchObject({
      identity: { id: 'u-1/app', version: 'MySQL 8.4.3', readOnly: true },
      dialect: { product: 'MySQL', rowAlias: true, limitsAllStatements: false, limitsIdleTransactions: false },
    })
  })

  it('makes the dialect of MariaDB, also behind a proxy', () => {
    const mariadb = { version: '5.5.5-10.11.6-MariaDB-log', max_statement_time: '0', idle_transaction_timeout: '0' }
    expect(facts(mariadb)).toMatchObject({
      identity: { id: 'mysql://h:3306/app/app', version: 'MariaDB 10.11.6', readOnly: false },
      dialect: { product: 'MariaDB', rowAlias: false, limitsAllStatements: true, limitsIdleTransactions: true },
    })
  })

  it.each(['5.7.44', '8.0.18', '10.5.29-MariaDB', '5.5.5-10.4.1-MariaDB'])('is too old: %s', (version) => {
    expect(() => facts({ version })).toThrow(/too|the server is/)
  })

  it.each(['8.0.19', '9.0.1', '10.6.0-MariaDB', '11.4.2-MariaDB'])('is new enough: %s', (version) => {
    expect(facts({ version }).identity.version).toContain(version.split('-')[0])
  })
})
