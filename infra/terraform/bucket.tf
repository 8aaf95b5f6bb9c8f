# Landing, lake, prediction log and MLflow artifacts, one prefix each.
locals {
  prefixes = {
    landing   = "landing"
    lake      = "lake"
    log       = "log"
    index     = "index" # what was seen of landing
    artifacts = "mlartifacts"
  }
}

resource "aws_s3_bucket" "ratchet" {
  bucket = var.bucket_name

  lifecycle {
    prevent_destroy = true
  }
}

# What the worker deletes or overwrites stays readable as an older version.
resource "aws_s3_bucket_versioning" "ratchet" {
  bucket = aws_s3_bucket.ratchet.id

  versioning_configuration {
    status = "Enabled"
  }
}

# SSE-S3: encrypted at rest with no key to manage, and no further right in every policy. Where your
# rules ask for a key of your own, set aws:kms here and allow its use in access.tf.
resource "aws_s3_bucket_server_side_encryption_configuration" "ratchet" {
  bucket = aws_s3_bucket.ratchet.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "ratchet" {
  bucket = aws_s3_bucket.ratchet.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "ratchet" {
  bucket = aws_s3_bucket.ratchet.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Nothing of the lake, the log or landing is ever expired: their history is what "as of" reads.
resource "aws_s3_bucket_lifecycle_configuration" "ratchet" {
  bucket = aws_s3_bucket.ratchet.id

  rule {
    id     = "abandoned uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "old versions of artifacts"
    status = "Enabled"

    filter {
      prefix = "${local.prefixes.artifacts}/"
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_artifact_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.ratchet]
}

data "aws_iam_policy_document" "bucket" {
  # Denies everything to everybody over plain HTTP: the only place for wildcards.
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.ratchet.arn, "${aws_s3_bucket.ratchet.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "ratchet" {
  bucket = aws_s3_bucket.ratchet.id
  policy = data.aws_iam_policy_document.bucket.json

  depends_on = [aws_s3_bucket_public_access_block.ratchet]
}
