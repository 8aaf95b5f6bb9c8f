# One PostgreSQL server for the ledger, Prefect and MLflow. RDS makes the ledger's database; those
# beside it are made by the init container of infra/kubernetes/prefect.yaml.

resource "aws_db_subnet_group" "ratchet" {
  name       = "ratchet-${var.environment}"
  subnet_ids = var.private_subnet_ids
}

# No egress rule: the database calls nobody.
resource "aws_security_group" "database" {
  name        = "ratchet-${var.environment}-database"
  description = "PostgreSQL, from the workers and servers only"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_security_group_ids

  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_parameter_group" "ratchet" {
  name   = "ratchet-${var.environment}"
  family = "postgres17"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}

resource "aws_db_instance" "ratchet" {
  identifier     = "ratchet-${var.environment}"
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.database_class
  multi_az       = true

  db_name  = "ratchet"
  username = "ratchet"
  # RDS makes the password, keeps it in Secrets Manager and rotates it; it is in no state file.
  manage_master_user_password = true

  storage_type          = "gp3"
  storage_encrypted     = true
  allocated_storage     = 20
  max_allocated_storage = 200

  db_subnet_group_name   = aws_db_subnet_group.ratchet.name
  vpc_security_group_ids = [aws_security_group.database.id]
  parameter_group_name   = aws_db_parameter_group.ratchet.name
  publicly_accessible    = false

  backup_retention_period    = var.backup_days
  copy_tags_to_snapshot      = true
  deletion_protection        = true
  skip_final_snapshot        = false
  final_snapshot_identifier  = "ratchet-${var.environment}-final"
  auto_minor_version_upgrade = true

  enabled_cloudwatch_logs_exports = ["postgresql"]

  lifecycle {
    prevent_destroy = true
  }
}
