<?php
// Makes the site of a WordPress that was just started: a database, an editor, comments open to all.
// Argument: the folder of WordPress. Prints the editor's application password.
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
(new mysqli('localhost', 'root', '', '', 0, getenv('WORDPRESS_SOCKET')))
    ->query('CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4');
error_reporting(0);
$_SERVER['HTTP_HOST'] = parse_url(getenv('WORDPRESS_ADDRESS'), PHP_URL_HOST);
$_SERVER['REQUEST_METHOD'] = 'GET';
define('WP_INSTALLING', true);
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
// nobody is written to: there is no mail here
function wp_new_blog_notification(...$unused) {}
$site = wp_install('A shop', 'editor', 'editor@example.org', true, '', 'quilted harbour 7');
update_option('comment_moderation', 0);
update_option('comment_previously_approved', 0);
update_option('comments_notify', 0);
update_option('moderation_notify', 0);
wp_delete_post(1, true);
[$password] = WP_Application_Passwords::create_new_application_password(
    $site['user_id'], ['name' => 'tests']
);
echo $password, "\n";
