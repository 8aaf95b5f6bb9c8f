# The state's backend is yours to choose: it holds no password, as RDS makes its own.
# `terraform init` writes .terraform.lock.hcl with the provider's hashes; commit it with yours.
terraform {
  required_version = ">= 1.9.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { application = "ratchet", environment = var.environment }
  }
}
