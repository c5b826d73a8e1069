-- The server makes the database `records` itself; each example has one of its own.
\i /schemas/records.sql
CREATE DATABASE scans;
\connect scans
\i /schemas/scans.sql
CREATE DATABASE quotes;
\connect quotes
\i /schemas/quotes.sql
CREATE DATABASE facilities;
\connect facilities
\i /schemas/facilities.sql
