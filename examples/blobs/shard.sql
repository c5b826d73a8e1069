CREATE TABLE Attachment (
  ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  BlobStorageID bigint unsigned,
  INDEX (BlobStorageID)
);
CREATE TABLE ContactData (
  ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  BlobStorageID bigint unsigned,
  INDEX (BlobStorageID)
);
-- Without an index: the server sorts this column once, and the check says which index would spare that.
CREATE TABLE OutsideAttachment (
  ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  BlobStorageID bigint unsigned
);
CREATE TABLE MessageData (
  ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  Body bigint unsigned,
  Header bigint unsigned,
  INDEX (Body),
  INDEX (Header)
);
