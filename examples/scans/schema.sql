CREATE TABLE IF NOT EXISTS scan_results (
  ip inet NOT NULL,
  port integer NOT NULL,
  service text NOT NULL,
  response text NOT NULL,
  last_seen timestamptz NOT NULL,
  PRIMARY KEY (ip, port, service)
);
