variable "region" {
  description = "AWS region of the bucket and the database."
  type        = string
}

variable "environment" {
  description = "Part of every name, so that several installations can share an account."
  type        = string
  default     = "production"
}

variable "bucket_name" {
  description = "Name of the bucket, unique in the world; RATCHET_STORAGE is s3:// and this."
  type        = string
}

variable "vpc_id" {
  description = "The network that workers and servers run in."
  type        = string
}

variable "private_subnet_ids" {
  description = "Two or more subnets of that network without a route from the internet."
  type        = list(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "RDS needs subnets in two availability zones."
  }
}

variable "client_security_group_ids" {
  description = "Security groups of the workers and servers, who alone may reach the database."
  type        = set(string)
}

variable "database_class" {
  description = "Size of the database. Prefect writes most; the ledger is small."
  type        = string
  default     = "db.t4g.medium"
}

variable "backup_days" {
  description = "How long the database's daily backups are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 7
    error_message = "The ledger is the only record of decisions: keep a week of backups at least."
  }
}

variable "noncurrent_artifact_days" {
  description = "Days after which overwritten or deleted MLflow artifacts are gone for good."
  type        = number
  default     = 90
}
