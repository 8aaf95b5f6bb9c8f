# Three policies and no roles: who may assume them depends on where the processes run (EKS pod
# identity, ECS task roles, instance profiles). Attach each to one role and nothing else.
# None may delete a version: what a mistake deletes can be brought back.

locals {
  bucket = aws_s3_bucket.ratchet.arn
  under  = { for name, prefix in local.prefixes : name => "${local.bucket}/${prefix}/*" }
}

data "aws_iam_policy_document" "worker" {
  # The whole bucket, without a condition on the prefix: with one, a missing object answers 403
  # instead of 404, and Delta Lake asks for missing objects to find the end of its log.
  statement {
    sid       = "FindObjects"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [local.bucket]
  }

  # A delivery is read in the version that was listed, even if it is replaced meanwhile.
  statement {
    sid       = "ReadDeliveries"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [local.under.landing]
  }

  statement {
    sid       = "ReadAndWrite"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = [local.under.lake, local.under.log, local.under.index, local.under.artifacts]
  }

  # Delta Lake removes its own outdated log files and failed attempts.
  statement {
    sid       = "TidyTables"
    actions   = ["s3:DeleteObject"]
    resources = [local.under.lake, local.under.log]
  }
}

# The worker writes artifacts itself; the server only shows them.
data "aws_iam_policy_document" "mlflow" {
  statement {
    sid       = "FindArtifacts"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.prefixes.artifacts}/*"]
    }
  }

  statement {
    sid       = "ReadArtifacts"
    actions   = ["s3:GetObject"]
    resources = [local.under.artifacts]
  }
}

# Whoever delivers can add files, and can neither read nor remove what others delivered.
data "aws_iam_policy_document" "landing_writer" {
  statement {
    sid       = "Deliver"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = [local.under.landing]
  }
}

resource "aws_iam_policy" "worker" {
  name   = "ratchet-${var.environment}-worker"
  policy = data.aws_iam_policy_document.worker.json
}

resource "aws_iam_policy" "mlflow" {
  name   = "ratchet-${var.environment}-mlflow"
  policy = data.aws_iam_policy_document.mlflow.json
}

resource "aws_iam_policy" "landing_writer" {
  name   = "ratchet-${var.environment}-landing-writer"
  policy = data.aws_iam_policy_document.landing_writer.json
}
