CREATE TABLE BlobStorage (
  ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  NumReferences int unsigned NOT NULL
);
CREATE TABLE SentMessage (
  ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  BlobStorageID bigint unsigned,
  INDEX (BlobStorageID)
);
CREATE TABLE SentAttachment (
  ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  BlobStorageID bigint unsigned,
  INDEX (BlobStorageID)
);
