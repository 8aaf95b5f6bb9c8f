output "storage" {
  description = "RATCHET_STORAGE; landing is the prefix landing in it."
  value       = "s3://${aws_s3_bucket.ratchet.bucket}"
}

output "database_address" {
  description = "Host and port for RATCHET_LEDGER_URL and the servers' database addresses."
  value       = aws_db_instance.ratchet.endpoint
}

output "database_secret_arn" {
  description = "Where Secrets Manager keeps the database's user and password."
  value       = aws_db_instance.ratchet.master_user_secret[0].secret_arn
}

output "policy_arns" {
  description = "Policies to attach to the roles of the worker, MLflow and whoever delivers."
  value = {
    worker         = aws_iam_policy.worker.arn
    mlflow         = aws_iam_policy.mlflow.arn
    landing_writer = aws_iam_policy.landing_writer.arn
  }
}
